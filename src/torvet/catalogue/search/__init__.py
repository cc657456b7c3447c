"""Finding datasets: documents, words, facets, and words that were mistyped."""
