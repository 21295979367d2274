"""Measurements of speed and size, each a file. `python -m bench` runs the crawl; `python -m bench NAME` one.

Figures of one machine mean little; what counts are ratios of runs that took turns on the same core.
"""
