"""Under which parameters the roles are checked: between them, every choice of the template is made both ways."""

from collections.abc import Mapping
from typing import Any, Final

SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "with HTTP, as it is by default": {"JwtIssuer": "https://issuer.example"},
    "as little as possible": {"PanesShards": 0, "Encryption": "keys-of-aws", "Uploads": "no"},
    "in a network, state and topic the other way": {
        "JwtIssuer": "https://issuer.example",
        "UseVpc": "yes",
        "ProcessorsState": "dynamodb",
        "AnomalyState": "dynamodb",
        "AlertsState": "s3",
        "DeliveryState": "dynamodb",
        "OrderedNotifications": "yes",
        "SourceTopicName": "plant-readings",
        "MskClusterArn": "arn:aws:kafka:us-east-1:000000000000:cluster/plant/1-2",
        "KafkaBootstrapServers": "a.example.com:9096,b.example.com:9096",
        "KafkaSecretArn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:kafka-AbCdEf",
    },
}
