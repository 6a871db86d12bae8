"""A million made-up tickets for tests and benchmarks (`manage.py big_data`, `desk_bench`)."""
