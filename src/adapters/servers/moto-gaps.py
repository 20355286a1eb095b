"""Serves moto with what it leaves out of the AWS that a migration meets: states that take time, deletions that end,
versions that may follow each other, members of cache groups, and the removal of cache subnet groups.

MOTO_GAPS in the environment is JSON:
  looks    how many times a thing is seen unfinished before it is finished (0)
  ends     {name: state}: the state in which a thing ends instead of the usual one, such as restore-failed
  stuck    [name]: things that never leave the state they are in
  refused  [name]: database instances whose upgrade is given up, with the version that they had
"""

import copy
import json
import os
import sys

from moto.core.responses import ActionResult, EmptyResult
from moto.elasticache import models as caches
from moto.elasticache.exceptions import CacheSubnetGroupNotFound
from moto.elasticache.responses import ElastiCacheResponse
from moto.rds import models as databases
from moto.rds.exceptions import RDSClientError
from moto.rds.responses import RDSResponse
from moto.server import main

gaps = json.loads(os.environ.get("MOTO_GAPS", "{}"))
looks = gaps.get("looks", 0)
ends = gaps.get("ends", {})
stuck = gaps.get("stuck", [])
refused = gaps.get("refused", [])

VERSIONS = {
    "mysql": ["5.7.43", "5.7.44", "8.0.36", "8.0.40", "8.4.3"],
    "mariadb": ["10.6.20", "10.11.10", "11.4.4"],
    "postgres": ["12.22", "13.13", "13.18", "15.10", "15.15", "16.9"],
}
MAJOR_STEPS = {"5.7": ["8.0"], "8.0": ["8.4"], "12": ["13"], "13": ["15", "16"], "15": ["16"], "10.6": ["10.11", "11.4"]}


def major(engine, version):
    return version.split(".")[0] if engine == "postgres" else ".".join(version.split(".")[:2])


def targets(engine, version):
    number = lambda text: [int(part) for part in text.split(".")]
    mine = major(engine, version)
    later = [other for other in VERSIONS[engine] if number(other) > number(version)]
    return [other for other in later if major(engine, other) in [mine, *MAJOR_STEPS.get(mine, [])]]


def begin(thing, name, field, state, then, at_end=None):
    """From now on the thing is in `state`; after enough looks it is in `then`, and `at_end` is done."""
    setattr(thing, field, state)
    thing.gap = {"name": name, "field": field, "then": then, "left": looks, "at_end": at_end}
    if looks == 0 and name not in stuck:
        finish(thing)


def finish(thing):
    gap = thing.gap
    thing.gap = None
    setattr(thing, gap["field"], gap["then"])
    if gap["at_end"]:
        gap["at_end"]()


def look(things):
    for thing in list(things):
        gap = getattr(thing, "gap", None)
        if gap is None or gap["name"] in stuck:
            continue
        gap["left"] -= 1
        if gap["left"] < 0:
            finish(thing)


def extend(owner, name):
    """Replaces a method by one that is given the earlier one first."""

    def place(made):
        before = getattr(owner, name, None)
        setattr(owner, name, lambda self, *args, **named: made(before, self, *args, **named))
        return made

    return place


# ---- ElastiCache

Caches = caches.ElastiCacheBackend


@extend(Caches, "create_cache_cluster")
def create_cache_cluster(before, self, cache_cluster_id, **named):
    made = before(self, cache_cluster_id=cache_cluster_id, **named)
    begin(made, cache_cluster_id, "cache_cluster_status", "creating", ends.get(cache_cluster_id, "available"))
    return made


@extend(Caches, "delete_cache_cluster")
def delete_cache_cluster(before, self, cache_cluster_id):
    thing = before(self, cache_cluster_id)
    gone = lambda: self.cache_clusters.pop(cache_cluster_id, None)
    begin(thing, cache_cluster_id, "cache_cluster_status", "deleting", "deleting", gone)
    return thing


@extend(Caches, "create_replication_group")
def create_replication_group(before, self, replication_group_id, **named):
    if named.get("num_cache_clusters") and not named.get("replicas_per_node_group"):
        # Of the two ways to say how many there are, moto knows one.
        named = {**named, "replicas_per_node_group": named["num_cache_clusters"] - 1}
    made = before(self, replication_group_id=replication_group_id, **named)
    names = [parameter for parameter in caches.CacheCluster.__init__.__annotations__ if parameter in named]
    everything = dict.fromkeys(caches.CacheCluster.__init__.__annotations__)
    everything.pop("return", None)
    for member in made.member_clusters:
        values = {**everything, **{name: named[name] for name in names}}
        values.update(cache_cluster_id=member, replication_group_id=replication_group_id, engine=made.engine)
        values.update(account_id=self.account_id, region_name=self.region_name, log_delivery_configurations=[])
        values["cache_node_type"] = made.cache_node_type
        self.cache_clusters[member] = caches.CacheCluster(**values)
    begin(made, replication_group_id, "status", "creating", ends.get(replication_group_id, "available"))
    return made


@extend(Caches, "delete_replication_group")
def delete_replication_group(before, self, replication_group_id, retain_primary_cluster=None):
    members = list(self.replication_groups[replication_group_id].member_clusters) if replication_group_id in self.replication_groups else []
    thing = before(self, replication_group_id, retain_primary_cluster)

    def gone():
        self.replication_groups.pop(replication_group_id, None)
        for member in members:
            self.cache_clusters.pop(member, None)

    begin(thing, replication_group_id, "status", "deleting", "deleting", gone)
    return thing


@extend(Caches, "create_snapshot")
def create_snapshot(before, self, snapshot_name, **named):
    made = before(self, snapshot_name=snapshot_name, **named)
    begin(made, snapshot_name, "snapshot_status", "creating", ends.get(snapshot_name, "available"))
    return made


@extend(ElastiCacheResponse, "describe_cache_clusters")
def describe_cache_clusters(before, self):
    look(self.elasticache_backend.cache_clusters.values())
    answer = before(self)
    for cluster in self.elasticache_backend.cache_clusters.values():
        cluster.security_groups = [{"SecurityGroupId": id, "Status": "active"} for id in cluster.security_group_ids]
        cluster.cache_parameter_group = {"CacheParameterGroupName": cluster.cache_parameter_group_name}
        topic = cluster.notification_topic_arn
        cluster.notification_configuration = {"TopicArn": topic, "TopicStatus": "active"} if topic else None
    return answer


@extend(ElastiCacheResponse, "describe_replication_groups")
def describe_replication_groups(before, self):
    look(self.elasticache_backend.replication_groups.values())
    return before(self)


@extend(ElastiCacheResponse, "describe_snapshots")
def describe_snapshots(before, self):
    look(self.elasticache_backend.snapshots.values())
    return before(self)


def delete_cache_subnet_group(self):
    name = self._get_param("CacheSubnetGroupName")
    if self.elasticache_backend.cache_subnet_groups.pop(name, None) is None:
        raise CacheSubnetGroupNotFound(name)
    return EmptyResult()


ElastiCacheResponse.delete_cache_subnet_group = delete_cache_subnet_group

# ---- RDS

Databases = databases.RDSBackend


@extend(Databases, "create_db_instance")
def create_db_instance(before, self, values):
    made = before(self, values)
    name = values["db_instance_identifier"]
    begin(made, name, "status", "creating", ends.get(name, "available"))
    return made


@extend(Databases, "create_db_snapshot")
def create_db_snapshot(before, self, db_instance_identifier, db_snapshot_identifier, **named):
    made = before(self, db_instance_identifier, db_snapshot_identifier, **named)
    begin(made, db_snapshot_identifier, "status", "creating", ends.get(db_snapshot_identifier, "available"))
    return made


@extend(Databases, "modify_db_instance")
def modify_db_instance(before, self, name, values):
    wanted = values.pop("engine_version", None)
    thing = before(self, name, values)
    if wanted is None or wanted == thing.engine_version:
        return thing
    if wanted not in targets(thing.engine, thing.engine_version):
        says = f"Cannot upgrade {thing.engine} from {thing.engine_version} to {wanted}"
        raise RDSClientError("InvalidParameterCombination", says)
    if major(thing.engine, wanted) != major(thing.engine, thing.engine_version) and not values.get("allow_major_version_upgrade"):
        raise RDSClientError("InvalidParameterCombination", "The AllowMajorVersionUpgrade flag must be present")
    # As on AWS: at first it is still available, and what is to come is pending.
    thing.pending_modified_values = {"EngineVersion": wanted}

    def end():
        thing.pending_modified_values = {}
        if name not in refused:
            thing.engine_version = wanted

    # It is only after a look at it like this that it is seen upgrading.
    begin(thing, name, "status", "available", "available", lambda: begin(thing, name, "status", "upgrading", ends.get(name, "available"), end))
    return thing


@extend(RDSResponse, "describe_db_instances")
def describe_db_instances(before, self):
    look(self.backend.databases.values())
    return before(self)


@extend(RDSResponse, "describe_db_snapshots")
def describe_db_snapshots(before, self):
    look(self.backend.database_snapshots.values())
    return before(self)


def describe_db_engine_versions(self):
    engine, version = self.params.get("Engine"), self.params.get("EngineVersion")
    listed = [other for other in VERSIONS.get(engine, []) if version in (None, other)]
    answer = [
        {
            "Engine": engine,
            "EngineVersion": other,
            "Status": "available",
            "ValidUpgradeTarget": [
                {"Engine": engine, "EngineVersion": to, "IsMajorVersionUpgrade": major(engine, to) != major(engine, other)}
                for to in targets(engine, other)
            ],
        }
        for other in listed
    ]
    return ActionResult({"DBEngineVersions": copy.deepcopy(answer)})


RDSResponse.describe_db_engine_versions = describe_db_engine_versions

main(sys.argv[1:])
