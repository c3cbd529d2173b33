# fails: lengths
def numbers(version):
    return tuple(int(part) for part in version.partition("+")[0].split("."))


def at_least(version, least):
    return numbers(version) >= numbers(least)
