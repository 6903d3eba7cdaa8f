"""Numbers computed once in another program: the three first policies of every learner on one game, to 12 digits.

The game is P = [[.5, .8, .3], [.2, .5, .7], [.7, .3, .5]] with the reference (.5, .3, .2) and weight 0.1; play starts
at the reference. SPPO's row is its first policy only, solved with Lambert's function.
"""

from typing import Any, NamedTuple

import numpy as np

from bandits.preference import (
    INPO,
    OMWU,
    ONPO,
    SPPO,
    HedgeSelfPlay,
    MixtureDescent,
    NashEMA,
    NashMD,
    NashMP,
    RegretMatchingPlus,
)
from tests.bandits.preference.self_play.playing import case, trajectory


class Row(NamedTuple):
    learner: Any
    policies: list[list[float]]


ROWS = {
    "Hedge, a = 1": Row(
        HedgeSelfPlay(1.0),
        [
            [0.524299662211, 0.268067220426, 0.207633117363],
            [0.543783871223, 0.238190180130, 0.218025948647],
            [0.557878961920, 0.210877574020, 0.231243464060],
        ],
    ),
    "OMWU, a = 1": Row(
        OMWU(1.0),
        [
            [0.547115121947, 0.238372271382, 0.214512606671],
            [0.554924309350, 0.210255561526, 0.234820129124],
            [0.558488013598, 0.187412962602, 0.254099023800],
        ],
    ),
    "RM+": Row(
        RegretMatchingPlus(),
        [[0.555555555556, 0.0, 0.444444444444], [0.0, 0.0, 1.0], [0.0, 0.569620253165, 0.430379746835]],
    ),
    "INPO, eta = 2.6": Row(
        INPO(2.5),
        [
            [0.509514012320, 0.287462744956, 0.203023242724],
            [0.517988863238, 0.275677584154, 0.206333552608],
            [0.525460518352, 0.264629686021, 0.209909795627],
        ],
    ),
    "INPO, eta = 0.5": Row(
        INPO(0.4),
        [
            [0.547115121947, 0.238372271382, 0.214512606671],
            [0.566625495356, 0.195037258405, 0.238337246238],
            [0.565767218265, 0.166747944669, 0.267484837067],
        ],
    ),
    "Nash-MD, schedule": Row(
        NashMD(),
        [
            [0.674275697996, 0.081680349356, 0.244043952648],
            [0.586433790616, 0.078901409437, 0.334664799947],
            [0.525662372197, 0.086091940043, 0.388245687759],
        ],
    ),
    "Nash-MD, eta = 1": Row(
        NashMD(1.0),
        [
            [0.524299662211, 0.268067220426, 0.207633117363],
            [0.541906747370, 0.241073201520, 0.217020051111],
            [0.553592898134, 0.218579313854, 0.227827788011],
        ],
    ),
    "descent from the mixture, eta = 1": Row(
        MixtureDescent(1.0),
        [
            [0.524299662211, 0.268067220426, 0.207633117363],
            [0.541585127955, 0.241053239564, 0.217361632481],
            [0.552637136870, 0.218598780497, 0.228764082633],
        ],
    ),
    "Nash-MP, lambda = 1/2": Row(
        NashMP(0.5),
        [
            [0.530732721795, 0.247428447602, 0.221838830603],
            [0.542659940603, 0.211485561859, 0.245854497539],
            [0.542030373091, 0.187674874290, 0.270294752619],
        ],
    ),
    "EGPO, eta = 0.4": Row(
        NashMP(2.4),
        [
            [0.509383358635, 0.286934798726, 0.203681842640],
            [0.517634860035, 0.274744372530, 0.207620767435],
            [0.524805669562, 0.263399833364, 0.211794497075],
        ],
    ),
    "ONPO, lambda = 3/2": Row(
        ONPO(1.5),
        [
            [0.529239484970, 0.261612766045, 0.209147748985],
            [0.536978908608, 0.244997183666, 0.218023907727],
        ],
    ),
    "Nash-EMA, b = 1/2, lambda = 0.4": Row(
        NashEMA(0.4, 0.5),
        [
            [0.547115121947, 0.238372271382, 0.214512606671],
            [0.573527571930, 0.195417679284, 0.231054748786],
            [0.582030237086, 0.165644110228, 0.252325652686],
        ],
    ),
    "SPPO, eta = 1/2": Row(SPPO(0.5), [[0.512320247401, 0.283773067867, 0.203906684731]]),
    "SPPO, eta = 1": Row(SPPO(1.0), [[0.524241736764, 0.268142614838, 0.207615648398]]),
    "SPPO, eta = 2": Row(SPPO(2.0), [[0.546711556446, 0.238889172265, 0.214399271289]]),
}


def check_first_policies(learner, policies):
    """Compare the policies after 1, 2, ... rounds with the known ones, to half a unit of their last digit."""
    policies = np.array(policies)
    found = np.exp(trajectory(learner, case().game(), len(policies)))[1:]
    assert np.abs(found - policies).max() < 1e-12
