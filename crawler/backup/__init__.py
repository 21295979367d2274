"""An instance in one file: made while a crawl is running, verified, and put back elsewhere."""
