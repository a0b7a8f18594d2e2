-- Removes the memberships that wait beside the tenant.
redis.call('UNLINK', KEYS[14])
