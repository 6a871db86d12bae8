"""Members' pages of technical issues. Each view: load, validate, one verb, respond."""
