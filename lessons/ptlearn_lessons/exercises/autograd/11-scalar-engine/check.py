import random

from ptlearn_lessons.checking import holds, same

LAYERS = 10


class Counted(float):
    """A number that counts the multiplications it takes part in."""

    count = 0

    def __mul__(self, other):
        Counted.count += 1
        return Counted(float(self) * float(other))

    __rmul__ = __mul__


def number():
    return float(random.choice((2, 3, 4, 5)))


def chain(answer):
    a, b, c = number(), number(), number()
    x, y, z = answer.Value(a), answer.Value(b), answer.Value(c)
    (x * y + z).backward()
    same([x.grad, y.grad, z.grad], [b, a, 1.0], f="x * y + z", x=a, y=b, z=c)


def adds_up(answer):
    a, b = number(), number()
    x = answer.Value(a)
    (x * x).backward()
    same(x.grad, 2 * a, f="x * x", x=a)
    x, y = answer.Value(a), answer.Value(b)
    (x * y + x).backward()
    same(x.grad, b + 1, f="x * y + x", x=a, y=b)


def again(answer):
    value = number()
    x = answer.Value(value)
    y = x * x
    (y * y).backward()
    same(x.grad, 4 * value**3, f="y * y", y="x * x", x=value)


def order(answer):
    for f in ("y + y * x", "y * x + y"):
        value = number()
        x = answer.Value(value)
        y = x * x
        z = y + y * x if f == "y + y * x" else y * x + y
        z.backward()
        same(x.grad, 2 * value + 3 * value**2, f=f, y="x * x", x=value)


def two_results(answer):
    a, b, c = number(), number(), number()
    x = answer.Value(a)
    (x * answer.Value(b)).backward()
    (x * answer.Value(c)).backward()
    same(x.grad, b + c, f="x * y", g="x * z", x=a, y=b, z=c)
    x = answer.Value(a)
    square = x * x
    (square * answer.Value(b)).backward()
    (square * answer.Value(c)).backward()
    same(x.grad, 2 * a * (b + c), says="left_over", f="s * y", g="s * z", s="x * x", x=a, y=b, z=c)


def paths(answer):
    y = answer.Value(Counted(1.0))
    for _ in range(LAYERS):
        y = y * y
    Counted.count = 0
    y.backward()
    holds(Counted.count <= 8 * LAYERS, f"≤ {8 * LAYERS}", Counted.count, f=f"{LAYERS} × y = y * y")


CHECKS = (chain, adds_up, again, order, two_results, paths)
