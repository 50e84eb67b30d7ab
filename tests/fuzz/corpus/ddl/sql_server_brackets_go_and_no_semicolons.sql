USE [shop]
GO
CREATE TABLE [dbo].[Customers](
	[CustomerID] [int] IDENTITY(1,1) NOT NULL,
	[FullName] [nvarchar](100) NOT NULL,
	[Email] [nvarchar](max) NULL,
	[Active] [bit] NOT NULL CONSTRAINT [df] DEFAULT ((1)),
	[Key] [uniqueidentifier] ROWGUIDCOL NOT NULL,
	[Created] [datetimeoffset](7) NULL,
 CONSTRAINT [PK_Customers] PRIMARY KEY CLUSTERED ([CustomerID] ASC) WITH (PAD_INDEX = OFF) ON [PRIMARY]
) ON [PRIMARY]
GO
ALTER TABLE [dbo].[Customers] WITH CHECK ADD CONSTRAINT [ck] CHECK (([CustomerID]>(0)))
GO
