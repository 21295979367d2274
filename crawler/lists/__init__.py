"""The block lists of an instance: what was imported, what comes with the package, what is overridden.

Everything lies in `blocklists/` below the data folder: `snapshot.jsonl` (the lists in force), `raw/`
(bytes as received, by digest), `sets/` (every set a crawl decided by), `held/` (versions that wait for
a person), `proposals/` (names found in texts), `overrides.jsonl` and `approvals.jsonl` (who, why).
"""

from crawler.lists.files import ListError
from crawler.lists.importing import Imported, import_list
from crawler.lists.loading import list_policy, load_lists

__all__ = ["Imported", "ListError", "import_list", "list_policy", "load_lists"]
