import { Module } from '@nestjs/common';
import { RedisBroadcast } from './redis-broadcast.js';
import { RedisCommands } from './redis-commands.js';

/** What processes share: fast state and news. Without REDIS_HOST nothing is opened, and everybody goes on alone. */
@Module({
  providers: [RedisCommands, RedisBroadcast],
  exports: [RedisCommands, RedisBroadcast],
})
export class RedisModule {}
