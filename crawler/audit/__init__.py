"""Judging a crawl that others made: WARC files, URL lists and tables, by the operator's policy.

Streaming and bounded, whatever the files hold. What the input does not tell is unknown, and unknown is
never kept.
"""
