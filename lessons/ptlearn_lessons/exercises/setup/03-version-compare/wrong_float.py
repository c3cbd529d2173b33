# fails: short
def at_least(version, least):
    return float(version[:3]) >= float(least[:3])
