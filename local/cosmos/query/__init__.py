"""The SQL of Cosmos DB: parsed with a grammar, compiled to closures, run over a stream of documents."""
