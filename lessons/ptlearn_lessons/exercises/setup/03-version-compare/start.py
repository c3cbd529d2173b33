def at_least(version, least):
    return version >= least
