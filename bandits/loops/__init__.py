"""What happens when predictions come back as data."""

from bandits.loops.data_loop import Data as Data
from bandits.loops.data_loop import DataLoop as DataLoop
from bandits.loops.data_loop import Labelled as Labelled
from bandits.loops.data_loop import Labels as Labels
from bandits.loops.generators import BurnIn as BurnIn
from bandits.loops.generators import CriticalLanguage as CriticalLanguage
from bandits.loops.generators import WitnessProtection as WitnessProtection
from bandits.loops.herd import ConstantResponse as ConstantResponse
from bandits.loops.herd import PrivateHerd as PrivateHerd
from bandits.loops.herd import Reporting as Reporting
from bandits.loops.herd import Reports as Reports
from bandits.loops.herd import SmoothResponse as SmoothResponse
from bandits.loops.labellers import LikelierLabel as LikelierLabel
from bandits.loops.labellers import SampleLabels as SampleLabels
from bandits.loops.labellers import ShiftedLabels as ShiftedLabels
from bandits.loops.labellers import TemperedLabels as TemperedLabels
from bandits.loops.replay import PeriodicLanguage as PeriodicLanguage
from bandits.loops.replay import ReplayGame as ReplayGame
from bandits.loops.replay import Strings as Strings
from bandits.loops.replay import closure_dimension as closure_dimension
from bandits.loops.replay import every_adversary as every_adversary
from bandits.loops.replay import random_adversary as random_adversary
