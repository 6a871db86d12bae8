"""Formats of dates, times and numbers, one module for each language (GLOSSARY §6.3)."""
