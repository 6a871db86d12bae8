"""Pages of the chat. Each view: load, validate, one verb, respond."""
