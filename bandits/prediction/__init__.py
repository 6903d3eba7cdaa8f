"""What a prediction is worth: a bit of advice in paging, experts' laws under log loss, a proxy of the reward."""

from bandits.prediction.forecasters import KT as KT
from bandits.prediction.forecasters import BayesMixture as BayesMixture
from bandits.prediction.forecasters import DoubleMixture as DoubleMixture
from bandits.prediction.forecasters import Laplace as Laplace
from bandits.prediction.forecasters import PlugIn as PlugIn
from bandits.prediction.mixture import SequencePrediction as SequencePrediction
from bandits.prediction.mixture import Symbols as Symbols
from bandits.prediction.paging import Advised as Advised
from bandits.prediction.paging import PagingGame as PagingGame
from bandits.prediction.paging import Request as Request
from bandits.prediction.paging import Served as Served
from bandits.prediction.paging_rules import FIFO as FIFO
from bandits.prediction.paging_rules import LRU as LRU
from bandits.prediction.paging_rules import Flush as Flush
from bandits.prediction.paging_rules import Mark0 as Mark0
from bandits.prediction.paging_rules import Marker as Marker
from bandits.prediction.paging_rules import MarkPredict as MarkPredict
from bandits.prediction.selection import BestOfMajority as BestOfMajority
from bandits.prediction.selection import Drawn as Drawn
from bandits.prediction.selection import Majority as Majority
from bandits.prediction.selection import Proxies as Proxies
from bandits.prediction.selection import SelectionGame as SelectionGame
from bandits.prediction.traces import cyclic_trace as cyclic_trace
from bandits.prediction.traces import phased_trace as phased_trace
from bandits.prediction.traces import read_trace as read_trace
from bandits.prediction.traces import zipf_trace as zipf_trace
