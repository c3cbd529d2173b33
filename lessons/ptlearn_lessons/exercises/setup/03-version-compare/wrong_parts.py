# fails: digits
def at_least(version, least):
    return version.split(".") >= least.split(".")
