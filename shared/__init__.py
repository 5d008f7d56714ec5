"""What the triggers lean on: settings, documents, blob store, Cosmos repositories, access."""
