"""A worker: does jobs that another instance has, by leases."""
