# fails: unchanged
import torch


class Power(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, n):
        ctx.save_for_backward(x)
        ctx.n = n
        return x ** n

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        if ctx.n == 0:
            return torch.zeros_like(grad), None
        return grad.mul_(ctx.n * x ** (ctx.n - 1)), None
