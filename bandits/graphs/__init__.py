"""Feedback graphs in the switching-cost game: between bandit feedback and full information."""

from bandits.graphs.dartboard import GraphDartboard as GraphDartboard
from bandits.graphs.exp3_graph import DelayedExp3Set as DelayedExp3Set
from bandits.graphs.exp3_graph import Exp3G as Exp3G
from bandits.graphs.exp3_graph import Exp3Set as Exp3Set
from bandits.graphs.exp3_graph import ExploringExp3 as ExploringExp3
from bandits.graphs.feedback import Neighbours as Neighbours
from bandits.graphs.graph import FeedbackGraph as FeedbackGraph
