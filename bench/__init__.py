"""The benchmark: the builder beside its peers, on one corpus, in one run (`make bench`). Never imported by the app."""
