"""The desk for complaints: what a form must hold, and what is promised to whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from crawler.complaints import MAIL, domain_in, promise_of
from crawler.mail.answers import forget
from crawler.store.complaints import Filing, Step, close_expired, forget_contacts
from crawler.web.site import Site

KINDS = {
    "taken": "You took something that was reserved",
    "withdraw": "It was free to take then; I reserve it now and want it withdrawn",
    "identity": "The crawler behaves badly on my server",
    "misread": "You left out something you may have",
    "other": "Something else",
}
ROLES = {
    "rightsholder": "The rightsholder",
    "agent": "Acting for the rightsholder",
    "site": "Running the site",
    "other": "Somebody else",
}
STEPS = {
    Step.RECEIVED: "Received",
    Step.CONFIRMED: "Confirmed",
    Step.ASKED: "We ask you",
    Step.UPHELD: "Decided: you were right",
    Step.DECLINED: "Decided: we see it differently",
    Step.WITHDRAWN: "Withdrawn",
    Step.REPLIED: "You added",
    Step.CLOSED: "Closed",
    Step.NOTE: "Note of the staff",
}


@dataclass(slots=True)
class Form:
    """What was entered, and what is wrong with it."""

    what: str = ""
    kind: str = "taken"
    more: str = ""
    name: str = ""
    role: str = "rightsholder"
    mail: str = ""
    true: bool = False
    decision: str = ""
    language: str = "en"
    errors: dict[str, str] = field(default_factory=dict)

    def check(self) -> bool:
        """Whether it can be filed; else `errors` says what to do, by field."""
        if not self.what.strip():
            self.errors["what"] = "Enter at least one domain, page or work."
        if not MAIL.fullmatch(self.mail.strip()):
            self.errors["mail"] = "Enter an address with an @, such as name@example.org."
        if not self.true:
            self.errors["true"] = "Confirm that what you say is true as far as you know."
        if self.kind not in KINDS:
            self.errors["kind"] = "Choose what is wrong."
        if self.role not in ROLES:
            self.role = "other"
        return not self.errors

    def filing(self) -> Filing:
        """The complaint as it is written down."""
        return Filing(
            kind=self.kind,
            domain=domain_in(self.what),
            subjects=self.what.strip()[:20_000],
            content=self.more.strip()[:100_000],
            name=self.name.strip()[:300],
            role=self.role,
            contact=self.mail.strip()[:300],
            language=self.language,
        )


def keep_promises(site: Site) -> None:
    """Close what has run out, and delete names and mails of those whose case is long over."""
    now = site.now()
    with site.writing() as connection:
        close_expired(connection, promise_of(site.config), now)
        forget_contacts(connection, now - timedelta(days=site.config.publish.contact_days))
        forget(connection, site.config, now)
