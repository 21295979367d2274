"""Thin Scrapy shells. They hold references and pass questions on; no rule lives here.

Inside `from_crawler(cls, crawler)` the parameter hides the package of the same name: always write
`from crawler.x import y` at the top of a module, never `import crawler`.
"""
