-- Returns the sequence number of the last entry of the change log, when the memberships of its commit are in the sets.
if redis.call('EXISTS', KEYS[13]) == 1 then return redis.error_reply('MOVING') end
return redis.call('HGET', KEYS[1], 'logged')
