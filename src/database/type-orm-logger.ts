import { Logger } from '@nestjs/common';
import { AbstractLogger, type LogLevel, type LogMessage } from 'typeorm';

/** Sends what TypeORM has to say (migrations, lost connections; never SQL or its parameters) to our log. */
export class TypeOrmLogger extends AbstractLogger {
  private readonly logger = new Logger('TypeORM');

  constructor() {
    super(['migration', 'warn']);
  }

  protected override writeLog(level: LogLevel, message: LogMessage | string | number): void {
    const text = typeof message === 'object' ? String(message.message) : String(message);
    if (level === 'warn') this.logger.warn(text);
    else this.logger.log(text);
  }
}
