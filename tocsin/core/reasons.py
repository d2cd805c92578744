"""Why a record, a message or a reading is rejected: each reason has a name, and each name a test."""

from enum import StrEnum


class Reason(StrEnum):
    """Names of the rules that incoming data can break."""

    KEY_INVALID = "key_invalid"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    TOO_MANY_MESSAGES = "too_many_messages"
    TOO_MANY_METRICS = "too_many_metrics"
    NO_METRICS = "no_metrics"
    NOT_JSON = "not_json"
    NOT_UTF8 = "not_utf8"
    LONE_SURROGATE = "lone_surrogate"
    DUPLICATE_KEY = "duplicate_key"
    FIELD_MISSING = "field_missing"
    FIELD_TYPE = "field_type"
    ID_INVALID = "id_invalid"
    TENANT_MISMATCH = "tenant_mismatch"
    DEVICE_MISMATCH = "device_mismatch"
    VALUE_NOT_NUMBER = "value_not_number"
    VALUE_NOT_FINITE = "value_not_finite"
    VALUE_TOO_LARGE = "value_too_large"
    COUNTER_INVALID = "counter_invalid"
    TIME_INVALID = "time_invalid"
    TIME_TOO_EARLY = "time_too_early"
    TIME_IN_FUTURE = "time_in_future"
    GROUP_FULL = "group_full"
    FORMAT_UNKNOWN = "format_unknown"
