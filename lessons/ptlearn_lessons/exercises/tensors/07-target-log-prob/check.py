import torch

from ptlearn_lessons.checking import Mismatch, holds, same, whole


def truth(scores, targets):
    rows = [row[target] - torch.logsumexp(row, 0) for row, target in zip(scores, targets.tolist(), strict=True)]
    return torch.stack(rows)


def mistake(got, scores, targets):
    right = truth(scores, targets)
    n = len(targets)
    wrong = {
        "column": right[:, None],
        "every_target": scores.log_softmax(1)[:, targets],
        "loss": -right,
        "raw": scores[torch.arange(n), targets],
        "down": scores.log_softmax(0)[torch.arange(n), targets],
        "probability": right.exp(),
        "averaged": right.mean(),
    }
    if not isinstance(got, torch.Tensor):
        return ""
    if n == 1 and got.shape == ():
        return "one_row"
    if got.shape == () and got.isclose(-right.mean()):
        return "averaged"
    for says, values in wrong.items():
        if got.shape == values.shape and torch.allclose(got, values):
            return says
    return "every_target" if got.shape == (n, n) != (n,) else ""


def tried(answer, scores, targets):
    try:
        return answer.target_log_prob(scores, targets.clone())
    except RuntimeError as error:
        says = "index" if "same number of dimensions" in str(error) else ""
        inputs = {"scores": scores, "targets": targets}
        raise Mismatch(truth(scores, targets), error, says=says, inputs=inputs) from error


def small(answer):
    scores, targets = torch.tensor([[0.0, 1.0, 2.0], [3.0, 0.0, 1.0]]), torch.tensor([2, 1])
    got = tried(answer, scores.clone(), targets)
    same(got, truth(scores, targets), says=mistake(got, scores, targets), scores=scores, targets=targets)


def any_shape(answer):
    for n, classes in ((1, 1), (1, 2), (1, 3), (2, 2), (3, 2), (3, 3), (4, 10)):
        scores, targets = whole(n, classes), torch.randint(classes, (n,))
        got = tried(answer, scores.clone(), targets)
        same(got, truth(scores, targets), says=mistake(got, scores, targets), scores=scores, targets=targets)


def large(answer):
    scores, targets = torch.tensor([[1000.0, 0.0], [-3000.0, 2000.0]]), torch.tensor([1, 1])
    same(tried(answer, scores.clone(), targets), truth(scores, targets), scores=scores, targets=targets)


def gradient(answer):
    scores, targets = whole(2, 3), torch.tensor([2, 0])
    own, leaf = scores.clone().requires_grad_(), scores.clone().requires_grad_()
    truth(own, targets).sum().backward()
    result = answer.target_log_prob(leaf, targets)
    holds(result.requires_grad, "requires_grad == True", result, scores=scores, targets=targets)
    result.sum().backward()
    same(leaf.grad, own.grad, scores=scores, targets=targets)


CHECKS = (small, any_shape, large, gradient)
