"""Read machine-readable reservations of rights: bytes and a time in, frozen values out.

Nothing here fetches, reads the clock, touches a file or knows a crawler. The order is
`plan` (which evidence to ask for), `read` (evidence to statements), `decide` (statements to a
verdict); see `reservations.model` for the vocabulary.
"""
