from libs.chassis.metrics import Metrics


def test_each_process_counts_for_itself() -> None:
    one, other = Metrics("intake", "intake-1"), Metrics("intake", "intake-2")
    one.records.labels("olcare.tickets.v1", "void").inc()
    one.gate_open.set(1)
    assert 'olcare_records_total{topic="olcare.tickets.v1",verdict="void"} 1.0' in one.text().decode()
    assert "olcare_gate_open 1.0" in one.text().decode()
    assert 'verdict="void"' not in other.text().decode()
    assert 'target_info{instance="intake-2",service="intake"} 1.0' in other.text().decode()
