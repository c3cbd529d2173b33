import torch

from ptlearn_lessons.checking import holds, same, whole


def loss(x, apart):
    """The loss, with one of its three writes made a new tensor."""
    a = x * 3
    a = a + 1 if apart == 2 else a.add_(1)
    b = a.exp()
    node = b.grad_fn.name()
    b = b + 1 if apart == 4 else b.add_(1)
    c = b.log()
    c = c + 1 if apart == 6 else c.add_(1)
    return c.sum(), node


def backward_works(apart):
    try:
        loss(torch.zeros(2, requires_grad=True), apart)[0].backward()
    except RuntimeError:
        return False
    return True


def numbers():
    return whole(2, low=-1, high=1)


def line(answer):
    told = answer.line
    (spoils,) = [each for each in (2, 4, 6) if backward_works(each)]
    says = f"line_{told}" if told in (2, 6) else ""
    same(told, spoils, says=says)


def node(answer):
    told = answer.node
    says = {"AddBackward0": "add_node", "LogBackward0": "log_node"}.get(told, "") if isinstance(told, str) else ""
    same(told, loss(torch.zeros(2, requires_grad=True), 4)[1], says=says)


def value(answer):
    x = numbers()
    same(answer.loss(x.clone().requires_grad_()), loss(x.clone().requires_grad_(), 4)[0], x=x)


def repaired(answer):
    x = numbers()
    leaf, own = x.clone().requires_grad_(), x.clone().requires_grad_()
    loss(own, 4)[0].backward()
    result = answer.loss(leaf)
    holds(result.requires_grad, "requires_grad == True", result, says="cut", x=x)
    try:
        result.backward()
    except RuntimeError as error:
        holds("inplace operation" not in str(error), "x.grad", error, x=x)
        raise
    same(leaf.grad, own.grad, says="hidden", x=x)


CHECKS = (line, node, value, repaired)
