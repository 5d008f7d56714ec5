"""A client of PixCrawler's HTTP API: `builder.remote.client.Client` builds, watches and downloads datasets."""
