# fails: short
def numbers(version):
    parts = version.partition("+")[0].split(".")
    return [int(part) for part in parts] + [0] * (4 - len(parts))


def at_least(version, least):
    return numbers(version) > numbers(least)
