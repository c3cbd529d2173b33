# fails: built
import torch


def predict(net, x):
    training = net.training
    net.eval()
    result = net(x).detach()
    net.train(training)
    return result
