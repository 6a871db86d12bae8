"""Shutting people out, and letting them in again: it touches the tables of all apps."""
