from tests.adapters.aws.scripted import patience_of
from tests.contract.moto_backend import moto_at
from tocsin.adapters.aws.checkpoints import DynamoCheckpoints
from tocsin.adapters.aws.parallel import Parallel
from tocsin.adapters.aws.table import Table
from tocsin.runtime.provisioned import make


def test_each_mapping_has_the_newest_number_of_each_shard() -> None:
    with moto_at(lambda: 0) as clients:
        name = make(clients, "t", ("checkpoints_table",))["checkpoints_table"]
        checkpoints = DynamoCheckpoints(Table(clients.dynamodb, name, patience_of(), Parallel(1)))
        for mapping, shard, sequence in (("a", "s1", "1"), ("a", "s2", "7"), ("b", "s1", "9"), ("a", "s1", "10")):
            checkpoints.save(mapping, shard, sequence)

        assert checkpoints.load("a") == {"s1": "10", "s2": "7"}
        assert checkpoints.load("b") == {"s1": "9"}
        assert checkpoints.load("c") == {}
