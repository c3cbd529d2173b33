import torch

from ptlearn_lessons.checking import holds, same, whole


def loss(guess, target_guess, now, reward, later):
    target = reward + 0.5 * target_guess(later)
    return ((guess(now) - target) ** 2).mean()


def drawn(rows):
    return whole(rows, 2), whole(rows), whole(rows, 2), whole(2)


def guess_of(weight):
    return lambda rows: rows @ weight


def slopes(now, reward, later, weight):
    """For the weight: through the guess alone, through both, through the target alone."""
    made = (
        lambda free, fixed: loss(free, fixed, now, reward, later),
        lambda free, fixed: loss(free, free, now, reward, later),
        lambda free, fixed: loss(fixed, free, now, reward, later),
    )
    found = []
    for each in made:
        own = weight.clone().requires_grad_()
        each(guess_of(own), guess_of(own.detach())).backward()
        found.append(own.grad)
    return found


def told_apart(rows):
    """Inputs for which the three gradients differ."""
    while True:
        inputs = drawn(rows)
        right, both, other = slopes(*inputs)
        if not (right.equal(both) or right.equal(other) or both.equal(other)):
            return inputs


def run(answer, weight, now, reward, later):
    """The loss that comes; a grad mode left off is told."""
    mode = torch.is_grad_enabled()
    try:
        got = answer.loss(guess_of(weight), now, reward, later)
        left = torch.is_grad_enabled()
    finally:
        torch.set_grad_enabled(mode)
    holds(left == mode, f"torch.is_grad_enabled() == {mode}", left, says="grad_mode")
    return got


def value(answer):
    for rows in (1, 3):
        now, reward, later, weight = drawn(rows)
        while len((later @ weight).unique()) < rows:  # a mean of targets would do
            now, reward, later, weight = drawn(rows)
        own = weight.clone().requires_grad_()
        expected = loss(guess_of(own), guess_of(own), now, reward, later)
        got = run(answer, own, now, reward, later)
        same(got, expected, now=now, reward=reward, later=later, weight=weight)


def way_back(answer):
    now, reward, later, weight = drawn(1)
    got = run(answer, weight.requires_grad_(), now, reward, later)
    holds(got.requires_grad, "requires_grad == True", got)


def fixed(answer):
    for rows in (1, 2, 4):
        now, reward, later, weight = told_apart(rows)
        right, both, other = slopes(now, reward, later, weight)
        own = weight.clone().requires_grad_()
        run(answer, own, now, reward, later).backward()
        got = own.grad
        says = ""
        if got is not None:
            says = "through" if got.allclose(both) else "other_way" if got.allclose(other) else ""
        same(got, right, says=says, now=now, reward=reward, later=later, weight=weight)


CHECKS = (value, way_back, fixed)
