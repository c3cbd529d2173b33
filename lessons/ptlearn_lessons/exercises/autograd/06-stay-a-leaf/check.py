import torch

from ptlearn_lessons.checking import holds, same, whole


def f(x):
    return (x**2).sum()


def started():
    return whole(2, low=1).requires_grad_()


def run(answer, x, steps):
    """What the answer returns; known errors and a grad mode left off are told as what they are."""
    wanted = f"{steps} × step"
    mode = torch.is_grad_enabled()
    try:
        got = answer.descend(f, x, 0.25, steps)
        left = torch.is_grad_enabled()
    except RuntimeError as error:
        text = str(error)
        if "leaf Variable that requires grad" in text:
            holds(False, wanted, error, says="recorded_write", steps=steps)
        if "does not require grad" in text:
            holds(False, wanted, error, says="nothing_recorded", steps=steps)
        raise
    except TypeError as error:
        if "NoneType" in str(error):
            holds(False, wanted, error, says="leaf", steps=steps)
        raise
    finally:
        torch.set_grad_enabled(mode)
    holds(left == mode, f"torch.is_grad_enabled() == {mode}", left, says="grad_mode", steps=steps)
    return got


def one(answer):
    x = started()
    kept = x.detach().clone()
    same(run(answer, x, 1), 0.5 * kept, x=kept)


def leaf(answer):
    x = started()
    kept = x.detach().clone()
    got = run(answer, x, 1)
    holds(got.is_leaf, "is_leaf == True", got, x=kept)


def watched(answer):
    x = started()
    kept = x.detach().clone()
    got = run(answer, x, 1)
    holds(got.requires_grad, "requires_grad == True", got, x=kept)


def several(answer):
    for steps in (2, 3):
        x = started()
        kept = x.detach().clone()
        same(run(answer, x, steps), 0.5**steps * kept, x=kept, steps=steps)


def same_tensor(answer):
    x = started()
    kept = x.detach().clone()
    got = run(answer, x, 2)
    holds(got is x, "x", got, x=kept)


CHECKS = (one, leaf, watched, several, same_tensor)
