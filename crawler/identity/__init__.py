"""Who we are, said so that it can be verified: keys, signatures, the bot page and its feeds.

What is said is one value, `Declaration`. The page, its JSON twin, the feeds and the check before a
crawl are all functions of it, so that none of them can tell another story.
"""
