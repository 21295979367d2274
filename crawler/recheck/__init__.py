"""A second look at what is kept: reservations that came later are found, recorded and acted on.

`look` says what one page says today, `run` who is asked when, `outcome` what came of it. Everything that
holds for a crawl holds here: the gate, lists, robots.txt, politeness, identity and signature.
"""

from crawler.recheck.outcome import Outcomes
from crawler.recheck.run import Ending, Recheck, Run

__all__ = ["Ending", "Outcomes", "Recheck", "Run"]
