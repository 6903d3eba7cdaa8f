"""What happens when predictions come back as data."""

from bandits.loops.data_loop import Data as Data
from bandits.loops.data_loop import DataLoop as DataLoop
from bandits.loops.data_loop import Labelled as Labelled
from bandits.loops.data_loop import Labels as Labels
from bandits.loops.exposure import Clicks as Clicks
from bandits.loops.exposure import ClippedInverse as ClippedInverse
from bandits.loops.exposure import ExposureLoop as ExposureLoop
from bandits.loops.exposure import ItemLaw as ItemLaw
from bandits.loops.exposure import Popularity as Popularity
from bandits.loops.exposure import Shown as Shown
from bandits.loops.herd import ConstantResponse as ConstantResponse
from bandits.loops.herd import PrivateHerd as PrivateHerd
from bandits.loops.herd import Reporting as Reporting
from bandits.loops.herd import Reports as Reports
from bandits.loops.herd import ShrinkingBudgets as ShrinkingBudgets
from bandits.loops.herd import SmoothResponse as SmoothResponse
from bandits.loops.herd import UniformBudgets as UniformBudgets
from bandits.loops.labellers import LikelierLabel as LikelierLabel
from bandits.loops.labellers import SampleLabels as SampleLabels
from bandits.loops.labellers import ShiftedLabels as ShiftedLabels
from bandits.loops.labellers import TemperedLabels as TemperedLabels
