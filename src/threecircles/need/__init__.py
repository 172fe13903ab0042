"""Floor 5: how much need there is, met by whom, where. A count of service users is never called need."""
