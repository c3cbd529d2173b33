# fails: lengths
def numbers(version):
    return [int(part) for part in version.partition("+")[0].split(".")]


def at_least(version, least):
    for one, other in zip(numbers(version), numbers(least)):
        if one != other:
            return one > other
    return True
