# fails: label
def numbers(version):
    parts = [part for part in version.split(".") if part.isdigit()]
    return [int(part) for part in parts] + [0] * (4 - len(parts))


def at_least(version, least):
    return numbers(version) >= numbers(least)
