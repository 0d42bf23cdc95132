"""A trainer small enough for any test, with all the state that a large one has."""

import torch


class LineTrainer:
    """Fits a straight line by Adam on random batches."""

    def __init__(self, total_steps=20, seed=0):
        self.total_steps = total_steps
        self.generator = torch.Generator().manual_seed(seed)
        self.x = torch.linspace(-1, 1, 64)
        self.net = torch.nn.Linear(1, 1)
        with torch.no_grad():
            self.net.weight.fill_(0.1)
            self.net.bias.fill_(0.2)
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=0.01)

    def step(self):
        rows = torch.randint(len(self.x), (8,), generator=self.generator)
        x = self.x[rows, None]
        loss = ((self.net(x) - 2 * x - 1) ** 2).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"rec": loss.item()}

    def validate(self):
        with torch.no_grad():
            wrong = self.net(self.x[:, None]) - 2 * self.x[:, None] - 1
        return {"score": float(wrong.abs().mean())}

    def state_dict(self):
        return {
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state):
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"])

    def model(self):
        return self.net
