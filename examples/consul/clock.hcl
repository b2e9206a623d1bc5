# What a node's token must permit, and no more; what jobs write through `Kv`
# is added by whoever writes them. Consul takes it from
#   consul acl policy create -name NAME -rules @FILE

# the locks
key "service/clock" { policy = "write" }

# the beats, by which nodes show that they live
key_prefix ".leader/beats/" { policy = "write" }

# a session on the agent that is asked; `session "NODE"` for each of them is narrower
session_prefix "" { policy = "write" }
