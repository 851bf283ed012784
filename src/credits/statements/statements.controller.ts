import { Controller, Get, Header, Headers, Param, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, RequireScope, type Caller } from '../../common/caller.js';
import { notAcceptable } from '../credits.errors.js';
import { preferredType } from './preferred-type.js';
import { StatementBuilder } from './statement-builder.js';
import { statementHtml } from './statement-html.js';
import { StatementView } from './statement.view.js';

const TYPES = ['application/json', 'text/html'] as const;
const NOTHING_BUT_STYLE = "default-src 'none'; style-src 'unsafe-inline'";

@ApiTags('billing')
@Controller('billing/statements')
export class StatementsController {
  constructor(private readonly statements: StatementBuilder) {}

  /** The caller's statement of a month (`YYYY-MM`, UTC): JSON, or HTML to print when the Accept header says so. */
  @Get(':month')
  @RequireScope('billing:read')
  @Header('vary', 'accept')
  @ApiProduces(...TYPES)
  @ApiOkResponse({ type: StatementView })
  async show(
    @CurrentCaller() { userId, email }: Caller,
    @Param('month') month: string,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatementView | string> {
    const type = preferredType(accept, TYPES);
    if (!type) throw notAcceptable(TYPES);
    const statement = await this.statements.build(userId, month);
    if (type === 'application/json') return StatementView.from(statement);
    void reply.type('text/html; charset=utf-8').header('content-security-policy', NOTHING_BUT_STYLE);
    return statementHtml(statement, email);
  }
}
