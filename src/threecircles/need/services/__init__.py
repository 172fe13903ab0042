"""Who is in which service, for how long and how soon: use of services, which is never called need."""
