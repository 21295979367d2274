"""The tamper-evident log: every decision's commitment in one Merkle tree, published as static files.

Formats are those of C2SP (https://c2sp.org/tlog-tiles), so that other people's tools check them.
`docs/log.md` says what this proves, and what not.
"""
