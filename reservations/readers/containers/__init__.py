"""One container format per file: bytes of an asset in, XMP packets (or an OPF) out. Nothing raises.

Every walk is bounded in steps and in memory, and steps over pixels instead of reading them.
"""
