"""The terms of a policy version, back from the canonical JSON that the record holds."""

from __future__ import annotations

import json

from crawler.gate import Terms
from reservations.model import Agent, Profile, Use
from reservations.policy import Inference, Policy


def terms_from_canonical(text: str) -> Terms:
    """The terms whose canonical JSON this is."""
    values = json.loads(text)
    accepted = frozenset(values.get("accepted_policies", ()))
    policy = Policy(
        profile=Profile(values["profile"]),
        uses=frozenset(map(Use, values["uses"])),
        infer_from_other_bots=Inference(values["infer_from_other_bots"]),
        version=values["version"],
        accepted_policies=accepted,
        disabled_protocols=frozenset(values.get("disabled_protocols", ())),
        protocol_table=values.get("protocol_table", ""),
    )
    agent = Agent(token=values["token"], aliases=tuple(values["aliases"]), reads_policies=bool(accepted))
    return Terms(agent=agent, policy=policy, types=tuple(values["types"]))
