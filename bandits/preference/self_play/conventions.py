"""The papers' step symbols in this family's terms.

Here tau (`regularization`) weighs the reference policy and lambda (`prox_weight`) the present iterate. A name
means different things in different papers, so each has its own translation:

| source                              | weight of mu | symbol | means                          | lambda       |
|-------------------------------------|--------------|--------|--------------------------------|--------------|
| INPO (2407.00617), MNPO, COMAL code | tau          | eta    | inverse step, > tau            | eta - tau    |
| EGPO (2503.08942)                   | beta         | eta    | step on the logits, < 1 / beta | 1/eta - beta |
| MMD (2206.05825), MPO (2410.16714)  | alpha        | s      | step                           | 1 / s        |
| Nash-MP (2505.19731)                | beta         | eta    | proximal term beta / eta       | beta / eta   |
| Hedge, SPO, SPPO                    | none         | eta    | step                           | 1 / eta      |
"""

from bandits.core.arguments import checked
from bandits.core.checks import real


@checked
def weight_from_inverse_step(inverse_step: float, regularization: float) -> float:
    """Return lambda = eta - tau for INPO's eta > tau >= 0."""
    regularization = real("regularization", regularization, 0.0)
    if real("inverse_step", inverse_step) <= regularization:
        raise ValueError(f"inverse_step must be above regularization = {regularization:g}, got {inverse_step:g}")
    return inverse_step - regularization


@checked
def weight_from_logit_step(step: float, regularization: float) -> float:
    """Return lambda = 1 / eta - beta for EGPO's step 0 < eta < 1 / beta."""
    regularization = real("regularization", regularization, 0.0)
    if real("step", step, 0.0, open_low=True) * regularization >= 1.0:
        raise ValueError(f"step must be below 1 / regularization, got {step:g} and {regularization:g}")
    return 1.0 / step - regularization


@checked
def weight_from_magnet_step(step: float) -> float:
    """Return lambda = 1 / s for the step s > 0 of magnetic mirror descent."""
    return 1.0 / real("step", step, 0.0, open_low=True)


@checked
def weight_from_mirror_prox_step(step: float, regularization: float) -> float:
    """Return lambda = beta / eta for Nash-MP's eta > 0, beta > 0."""
    return real("regularization", regularization, 0.0, open_low=True) / real("step", step, 0.0, open_low=True)
