"""Complaints by mail: letters read with bounds, answers written to an outbox, and sent.

`letter` and what it uses are pure: bytes in, frozen values out. `intake` and `answers` write to the
record, `sending` is the only module that talks to a mail server.
"""
